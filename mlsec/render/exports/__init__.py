"""Reports in the formats of other programs: CI servers, spreadsheets, SIEMs, trackers, monitors."""
