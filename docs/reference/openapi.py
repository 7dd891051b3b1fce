"""The API as an OpenAPI document: `python docs/reference/openapi.py`. JavaScript takes its types from it."""

import json
import sys

from backend.web import api_document

json.dump(api_document(), sys.stdout)
