"""The interactive panels of the notebooks: one function an idea, one line in a notebook. How a panel works: `panel`.

Each draws its figure once, in the theme of all figures, and returns a `Panel`. Its docstring says what there is to see.
"""
