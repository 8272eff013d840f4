"""What changes people, memberships and invitations."""
