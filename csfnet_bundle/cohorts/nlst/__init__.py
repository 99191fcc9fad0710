"""Cohorts: from public tables of nodule positions to follow-up pairs, their images and a datalist split by patient."""
