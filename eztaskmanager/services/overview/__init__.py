"""What the overview tells: what runs, what comes, what went wrong, how the machinery is; a few queries each.

Whoever asks gives the tasks and the reports that the user may see.
"""
