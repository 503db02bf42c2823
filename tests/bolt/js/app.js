// An unmodified Bolt app in Socket Mode. Only the address of the Web API differs from one that talks to Slack.
const { createRequire } = require('node:module');
const { App, LogLevel } = createRequire(process.env.BOLT_MODULES + '/')('@slack/bolt');

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  logLevel: LogLevel.WARN,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

const button = {
  type: 'actions',
  elements: [{ type: 'button', action_id: 'press', value: 'h_1', text: { type: 'plain_text', text: 'Press' } }],
};

app.command('/fleet', async ({ command, ack, respond, client, say }) => {
  await ack();
  if (command.text === 'form') {
    await client.views.open({
      trigger_id: command.trigger_id,
      view: {
        type: 'modal',
        callback_id: 'form',
        title: { type: 'plain_text', text: 'Form' },
        submit: { type: 'plain_text', text: 'Send' },
        blocks: [{
          type: 'input',
          block_id: 'why',
          label: { type: 'plain_text', text: 'Why' },
          element: { type: 'plain_text_input', action_id: 'reason' },
        }],
      },
    });
  } else if (command.text === 'card') {
    await say({ text: 'card', blocks: [{ type: 'section', text: { type: 'mrkdwn', text: 'A card' } }, button] });
  } else {
    await respond(`heard ${command.text}`);
  }
});

app.event('app_mention', async ({ event, say }) => {
  await say({ text: `hello <@${event.user}>`, thread_ts: event.ts });
});

app.action('press', async ({ ack, body, client }) => {
  await ack();
  await client.chat.update({
    channel: body.channel.id,
    ts: body.message.ts,
    text: `pressed by ${body.user.name}`,
    blocks: [],
  });
});

app.view('form', async ({ ack, view, body, client }) => {
  const reason = view.state.values.why.reason.value;
  if (reason === 'none') {
    await ack({ response_action: 'errors', errors: { why: 'A reason is needed' } });
    return;
  }
  await ack();
  await client.chat.postMessage({ channel: body.user.id, text: `reason: ${reason}` });
});

app.start().then(() => process.stdout.write('running\n'));
