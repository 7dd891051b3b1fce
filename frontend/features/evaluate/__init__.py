"""Evaluate: how good is the encoder?"""
