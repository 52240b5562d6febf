"""The operator's side: the launcher and the verbs of the command line."""
