/** A small editor in place of the module `vscode`: open files, settings, diagnostics and error messages. */
'use strict';

const Module = require('node:module');
const { EventEmitter: Events } = require('node:events');

const events = new Events();
const disposable = { dispose() {} };

/** Returns an object whose missing members are functions: an event never fires, and a provider is not used. */
const namespace = members =>
  new Proxy(members, { get: (all, name) => (name in all ? all[name] : () => disposable) });

const event = name => (listener, self) => {
  const bound = listener.bind(self);
  events.on(name, bound);
  return { dispose: () => events.off(name, bound) };
};

class Position {
  constructor(line, character) {
    Object.assign(this, { line, character });
  }
}

class Range {
  constructor(startLine, startCharacter, endLine, endCharacter) {
    this.start = new Position(startLine, startCharacter);
    this.end = new Position(endLine, endCharacter);
  }
}

class Diagnostic {
  constructor(range, message, severity) {
    Object.assign(this, { range, message, severity });
  }
}

class EventEmitter {
  #events = new Events();
  event = listener => {
    this.#events.on('event', listener);
    return { dispose: () => this.#events.off('event', listener) };
  };
  fire(value) {
    this.#events.emit('event', value);
  }
  dispose() {}
}

const uri = text => ({ scheme: 'file', toString: () => text, fsPath: new URL(text).pathname });

const kind = value => ({ value, append: part => kind(value ? `${value}.${part}` : part) });

/** The state of the editor, which the tests read and change. */
const editor = {
  settings: {},
  /** The diagnostics by URI. */
  diagnostics: new Map(),
  errors: [],
  open(path, text) {
    const document = { uri: uri(`file://${path}`), languageId: 'yaml', version: 1, isClosed: false, getText: () => text };
    namespaces.workspace.textDocuments.push(document);
    events.emit('open', document);
  },
  configure(settings) {
    Object.assign(editor.settings, settings);
    events.emit('configuration', { affectsConfiguration: section => section === 'eciPolicy' });
  },
};

const namespaces = {
  workspace: namespace({
    textDocuments: [],
    notebookDocuments: [],
    workspaceFolders: [],
    onDidOpenTextDocument: event('open'),
    onDidChangeConfiguration: event('configuration'),
    getConfiguration: section => ({
      get: (name, fallback) => (section === 'eciPolicy' ? editor.settings[name] : fallback),
    }),
  }),
  languages: namespace({
    match: (selector, { uri, languageId }) =>
      [selector].flat().some(one => one.scheme === uri.scheme && one.language === languageId) ? 10 : 0,
    createDiagnosticCollection: () => ({
      set: (uri, diagnostics) => {
        editor.diagnostics.set(uri.fsPath, diagnostics);
        events.emit('diagnostics');
      },
      clear: () => editor.diagnostics.clear(),
      ...disposable,
    }),
  }),
  window: namespace({
    visibleTextEditors: [],
    tabGroups: namespace({ all: [] }),
    createOutputChannel: () => namespace({}),
    showErrorMessage: async (message, ...answers) => {
      editor.errors.push({ message, answers });
    },
  }),
  commands: namespace({}),
  env: { language: 'en', appName: 'test' },
};

const vscode = {
  ...namespaces,
  version: '1.91.0',
  Position,
  Range,
  Diagnostic,
  EventEmitter,
  Uri: { parse: uri },
  Disposable: class {
    static from = () => disposable;
    dispose() {}
  },
  CancellationTokenSource: class {
    token = { isCancellationRequested: false };
    cancel() {
      this.token.isCancellationRequested = true;
    }
  },
  DiagnosticSeverity: { Error: 0, Warning: 1, Information: 2, Hint: 3 },
  CodeActionKind: { Empty: kind('') },
};

/** Any other member is a class with static members, such as an enumeration. */
const everything = new Proxy(vscode, { get: (all, name) => (name in all ? all[name] : (all[name] = class {})) });

const load = Module._load;
Module._load = function (name, ...rest) {
  return name === 'vscode' ? everything : load.call(this, name, ...rest);
};

module.exports = { editor, events };
