from . import exercises as exercises
from .catalogue import overview as overview, printed_catalogue as printed_catalogue
from .gallery import printed_gallery as printed_gallery
from .headers import header as header
from .listing import find_notebooks as find_notebooks, notebook_map as notebook_map, printed_map as printed_map
from .runner import run_notebooks as run_notebooks
from .saved_figures import NUMBERED as NUMBERED, save_figure as save_figure
from .start import HTML as HTML, Markdown as Markdown, begin as begin, in_markdown as in_markdown
from .tables import printed_table as printed_table, save_table as save_table, to_markdown as to_markdown, to_styled as to_styled
