"""The client of the API: the only Python of the frontend that talks to the server."""
