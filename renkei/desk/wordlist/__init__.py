"""The list of synonyms (同義語): looked through, changed, brought in and taken out."""
