"""What is asked of the hosts before the first change: observations in, findings out. No I/O, no pyinfra.

``names`` lists the checks, ``limits`` their numbers with where these come from, ``rules`` what is asked of whom.
"""
