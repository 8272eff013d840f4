"""Learning from people's answers (学習): how many there are, learn, compare, switch on, go back."""
