"""How targets that no provider takes apart are taken apart: folders and buckets."""
