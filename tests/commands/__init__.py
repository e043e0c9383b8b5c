"""The commands of fixes against the command lines they are for."""
