"""Source text of CDK apps as one small tree, whichever language it is written in."""
