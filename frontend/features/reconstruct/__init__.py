"""Reconstruct: what does the model see under the mask?"""
