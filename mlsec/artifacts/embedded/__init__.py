"""What a format only carries: texts and bytes judged by what they hold."""
