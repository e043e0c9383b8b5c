"""The exact three-valued evaluation of one rule."""
