"""The curves of several runs on one canvas."""
