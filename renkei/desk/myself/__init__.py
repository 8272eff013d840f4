"""What a person does with the own sign-in: arrive by invitation, see settings and sessions."""
