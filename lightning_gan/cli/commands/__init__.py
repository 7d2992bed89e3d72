"""One module for each command. At module level they import nothing heavy, so that `--help` and errors appear at once.

`add_arguments(parser)` declares the arguments. `import_function()` imports and returns the function that the command
calls with them as keyword arguments; commands that take the settings of `fit` get these first, as a list of words.
"""
