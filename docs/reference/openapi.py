"""Prints the API as an OpenAPI document, from which the types of the browser half are made."""

import json
import sys

from backend.web import api_document

json.dump(api_document(), sys.stdout)
