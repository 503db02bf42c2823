"""An unmodified Bolt app in Socket Mode. Only the address of the Web API differs from one that talks to Slack."""

import os
import threading

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

client = WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
app = App(client=client)

BUTTON = {
    "type": "actions",
    "elements": [
        {"type": "button", "action_id": "press", "value": "h_1", "text": {"type": "plain_text", "text": "Press"}}
    ],
}


@app.command("/fleet")
def fleet(command, ack, respond, client, say):
    ack()
    if command["text"] == "form":
        client.views_open(
            trigger_id=command["trigger_id"],
            view={
                "type": "modal",
                "callback_id": "form",
                "title": {"type": "plain_text", "text": "Form"},
                "submit": {"type": "plain_text", "text": "Send"},
                "blocks": [
                    {
                        "type": "input",
                        "block_id": "why",
                        "label": {"type": "plain_text", "text": "Why"},
                        "element": {"type": "plain_text_input", "action_id": "reason"},
                    }
                ],
            },
        )
    elif command["text"] == "card":
        say(text="card", blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "A card"}}, BUTTON])
    else:
        respond(f"heard {command['text']}")


@app.event("app_mention")
def mention(event, say):
    say(text=f"hello <@{event['user']}>", thread_ts=event["ts"])


@app.event("message")
def message():
    """Everything that is said arrives as well; this app has nothing to say to it."""


@app.action("press")
def press(ack, body, client):
    ack()
    client.chat_update(
        channel=body["channel"]["id"],
        ts=body["message"]["ts"],
        text=f"pressed by {body['user']['name']}",
        blocks=[],
    )


@app.view("form")
def form(ack, view, body, client):
    reason = view["state"]["values"]["why"]["reason"]["value"]
    if reason == "none":
        ack(response_action="errors", errors={"why": "A reason is needed"})
        return
    ack()
    client.chat_postMessage(channel=body["user"]["id"], text=f"reason: {reason}")


if __name__ == "__main__":
    handler = SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"])
    handler.connect()
    print("running", flush=True)
    threading.Event().wait()
