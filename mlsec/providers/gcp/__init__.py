"""Google Cloud: asked over REST with google-auth's credentials, read back from a snapshot."""
