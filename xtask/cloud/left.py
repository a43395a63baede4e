"""Prints what a deleted stack has left behind, and fails if any of it is not a table that the template retains.

    left.py STACK
"""

import sys

import boto3

RETAINED = {"ContactsTable", "DevicesTable", "GroupsTable", "InboxesTable", "MessagesTable", "UsersTable"}

stack = sys.argv[1]

found = {
    "table": boto3.client("dynamodb").list_tables()["TableNames"],
    "function": [item["FunctionName"] for item in boto3.client("lambda").list_functions()["Functions"]],
    "role": [item["RoleName"] for item in boto3.client("iam").list_roles()["Roles"]],
    "API": [item["Name"] for item in boto3.client("apigatewayv2").get_apis()["Items"]],
    "log group": [item["logGroupName"] for item in boto3.client("logs").describe_log_groups()["logGroups"]],
    "secret": [item["Name"] for item in boto3.client("secretsmanager").list_secrets()["SecretList"]],
    "platform application": [
        item["PlatformApplicationArn"] for item in boto3.client("sns").list_platform_applications()["PlatformApplications"]
    ],
    "alarm": [item["AlarmName"] for item in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]],
}

forgotten = []
for kind, names in found.items():
    for name in sorted(name for name in names if stack in name):
        retained = kind == "table" and name.removeprefix(f"{stack}-").rsplit("-", 1)[0] in RETAINED
        print(f"left: {kind} {name}{' (retained by the template)' if retained else ''}")
        if not retained:
            forgotten.append(name)

if forgotten:
    sys.exit("the stack left behind what the template does not retain")
