"""Small generated versions of the five corpora, written in the layouts of the real ones."""
