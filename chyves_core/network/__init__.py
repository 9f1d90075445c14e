"""Taps and bridges: what a guest's properties ask for, and what the host has."""
