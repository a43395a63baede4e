"""Prints what the functions of a stack have logged, oldest first.

    logs.py STACK
"""

import sys

import boto3

logs = boto3.client("logs")
pages = logs.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{sys.argv[1]}")
events = [event for page in pages for event in page["events"]]
for event in sorted(events, key=lambda event: event["timestamp"]):
    print(event["message"].rstrip())
