"""Settings of the book, which make_book.py builds from a folder that it lays out first."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

project = "Automatic drum transcription"
author = "the adtlib authors"
project_copyright = ""
language = "en"

extensions = [
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "sphinxcontrib.bibtex",
    "mathml",
]
exclude_patterns = ["_build"]

# Notebooks are shown as they were executed.
nb_execution_mode = "off"
nb_render_markdown_format = "myst"  # tables and links in what cells print
nb_output_stderr = "remove"  # progress bars
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
myst_links_external_new_tab = False
suppress_warnings = ["myst.header"]  # a page of the API begins with small headings

python_maximum_signature_line_length = 80  # longer ones have a line for each parameter

bibtex_bibfiles = [str(HERE.parents[1] / "references.bib")]
bibtex_default_style = "plain"
bibtex_reference_style = "author_year"

html_theme = "sphinx_book_theme"
html_title = project
html_static_path = [str(HERE / "static")]
html_css_files = ["book.css"]
html_math_renderer = "mathml"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_last_updated_fmt = None
html_theme_options = {
    "navigation_with_keys": True,
    "show_toc_level": 2,
    "use_download_button": False,
    "home_page_in_toc": True,
    "navbar_persistent": [],  # the search is in the sidebar
}
copybutton_exclude = ".linenos, .gp, .go"

# Where the repository has an address, pages lead to their notebook there and to a service that runs it.
if repository := os.environ.get("ADT_REPOSITORY"):
    html_theme_options |= {
        "repository_url": repository,
        "repository_branch": os.environ.get("ADT_BRANCH", "main"),
        "use_repository_button": True,
        "use_issues_button": True,
        "launch_buttons": {"binderhub_url": "https://mybinder.org", "notebook_interface": "jupyterlab"},
    }
