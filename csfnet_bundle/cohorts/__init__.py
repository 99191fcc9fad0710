"""Cohorts of follow-up pairs: from public tables of nodules, from LIDC-IDRI volumes, and computed phantoms."""
