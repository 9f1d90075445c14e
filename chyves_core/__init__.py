"""The core of chyves: plans made of plain data, and the one place that carries them out."""

__version__ = "1.0.0"
