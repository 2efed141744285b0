"""Tests of the Digiflazz channel."""
