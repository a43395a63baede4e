"""Prints template.yaml as CloudFormation sees it, SAM's resources expanded.

    expand_template.py template.yaml [Parameter=value …]

cfn-lint does not expand them, so in the template itself it misses circular dependencies through a function and
references to resources that SAM generates, such as the routes of the WebSocket API.
"""

import json
import sys

from samcli.yamlhelper import yaml_parse
from samtranslator.translator.transform import transform


class NoManagedPolicies:
    """Policies are written out or named in full, so none is looked up in an account."""

    def load(self):
        return {}


with open(sys.argv[1], encoding="utf-8") as file:
    template = yaml_parse(file.read())

for resource in template["Resources"].values():
    if resource["Type"] == "AWS::Serverless::Function":
        # Only `sam build` understands a local folder.
        resource["Properties"]["CodeUri"] = "s3://bucket/key"

expanded = transform(template, dict(argument.split("=", 1) for argument in sys.argv[2:]), NoManagedPolicies())
for resource in expanded["Resources"].values():
    if resource["Type"] == "AWS::Lambda::Function":
        resource.pop("Metadata", None)
json.dump(expanded, sys.stdout, indent=1)
