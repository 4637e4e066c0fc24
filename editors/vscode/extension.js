// Starts the language server `eci-policy lsp` for YAML and JSON files.
'use strict';

const { execFile } = require('node:child_process');
const { env, Uri, commands, window, workspace } = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

const PAGE = 'https://github.com/eci-security-context/eci-security-context/blob/main/docs/editors.md#vs-code';
const languages = ['yaml', 'json'];

let client;
// One start or stop at a time.
let last = Promise.resolve();

function activate(context) {
  const changed = workspace.onDidChangeConfiguration(change => {
    if (change.affectsConfiguration('eciPolicy')) restart();
  });
  context.subscriptions.push(changed);
  return restart();
}

function deactivate() {
  last = last.then(stop);
  return last;
}

function restart() {
  last = last.then(stop).then(start);
  return last;
}

async function stop() {
  const stopped = client;
  client = undefined;
  // A server that does not answer must not keep the next one from starting.
  await stopped?.dispose().catch(() => {});
}

async function start() {
  const settings = workspace.getConfiguration('eciPolicy');
  const command = settings.get('path');
  const problem = await problemOf(command);
  if (problem) return report(problem);
  const server = { command, args: ['lsp', ...settings.get('arguments')] };
  client = new LanguageClient('eciPolicy', 'ECI policy', server, {
    documentSelector: languages.flatMap(language => [
      { scheme: 'file', language },
      { scheme: 'untitled', language },
    ]),
  });
  // The client reports its own errors.
  await client.start().catch(() => {});
}

/** Returns the reason why a command cannot be the server, or undefined. */
function problemOf(command) {
  return new Promise(resolve => {
    execFile(command, ['lsp', '--help'], { timeout: 10_000 }, (error, _, stderr) => {
      if (!error) resolve();
      else if (error.code === 'ENOENT')
        resolve(`The command ${command} was not found. Install eci-policy, or set eciPolicy.path to its path.`);
      else if (/unrecognized subcommand/.test(stderr))
        resolve(`The command ${command} has no language server. Install a newer eci-policy.`);
      else resolve(`The command ${command} does not run: ${stderr.trim() || error.message}`);
    });
  });
}

/** Shows an error with the ways out. It does not wait for the answer, so that activation ends. */
function report(message) {
  const [page, settings] = ['How to install', 'Open settings'];
  window.showErrorMessage(message, page, settings).then(answer => {
    if (answer === page) return env.openExternal(Uri.parse(PAGE));
    if (answer === settings) return commands.executeCommand('workbench.action.openSettings', 'eciPolicy');
  });
}

module.exports = { activate, deactivate };
