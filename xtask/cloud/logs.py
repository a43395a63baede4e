"""Prints the logs of the functions of a stack, oldest first.

    logs.py STACK
"""

import sys

import boto3

stacks = boto3.client("cloudformation").describe_stacks(StackName=sys.argv[1])["Stacks"]
[group] = [output["OutputValue"] for output in stacks[0]["Outputs"] if output["OutputKey"] == "LogGroup"]
logs = boto3.client("logs")
pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
events = [event for page in pages for event in page["events"]]
for event in sorted(events, key=lambda event: event["timestamp"]):
    print(event["message"].rstrip())
