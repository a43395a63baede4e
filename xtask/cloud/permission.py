"""Removes one permission from a function of the deployed stack, and restores it.

    permission.py list   STACK                            every `Function action resource`, one per line
    permission.py remove STACK SAVED FUNCTION ACTION RESOURCE   keeps the policy in the file SAVED
    permission.py restore SAVED

FUNCTION is a logical id such as SendFunction; RESOURCE is a part of an ARN, such as MessagesTable.
"""

import json
import sys

import boto3

iam = boto3.client("iam")


def roles(stack):
    resources = boto3.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    for resource in resources:
        if resource["ResourceType"] == "AWS::IAM::Role" and resource["LogicalResourceId"].endswith("FunctionRole"):
            yield resource["LogicalResourceId"].removesuffix("Role"), resource["PhysicalResourceId"]


def policies(role):
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield name, iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]


def as_list(value):
    return value if isinstance(value, list) else [value]


def permissions(document):
    for statement in document["Statement"]:
        for resource in as_list(statement["Resource"]):
            for action in as_list(statement["Action"]):
                yield action, resource


def without(document, action, resource):
    """The document with every other pair of action and resource, and how many it has lost."""
    kept = [pair for pair in permissions(document) if not (pair[0] == action and resource in pair[1])]
    lost = len(list(permissions(document))) - len(kept)
    statements = [{"Effect": "Allow", "Action": [a], "Resource": [r]} for a, r in kept]
    return {"Version": "2012-10-17", "Statement": statements}, lost


def listed(stack):
    for function, role in sorted(roles(stack)):
        for _, document in policies(role):
            for action, resource in permissions(document):
                print(function, action, resource)


def remove(stack, saved, function, action, resource):
    role = dict(roles(stack))[function]
    for name, document in policies(role):
        changed, lost = without(document, action, resource)
        if lost:
            with open(saved, "w", encoding="utf-8") as file:
                json.dump({"RoleName": role, "PolicyName": name, "PolicyDocument": json.dumps(document)}, file)
            iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(changed))
            print(f"{function} may no longer {action} on {resource} ({lost} permission taken)")
            return
    sys.exit(f"{function} has no permission {action} on {resource}")


def restore(saved):
    with open(saved, encoding="utf-8") as file:
        iam.put_role_policy(**json.load(file))


COMMANDS = {"list": listed, "remove": remove, "restore": restore}
COMMANDS[sys.argv[1]](*sys.argv[2:])
