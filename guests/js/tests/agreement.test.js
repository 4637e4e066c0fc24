/** The functions on text agree with the command: the same findings at the same places, and the same repaired text. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';
import { after, test } from 'node:test';

import { imported, repository } from './support/installed.js';

const { check, convert, diff, fix, profiles, sarif, show, suppress } = await imported('eci-security-context/text');

const { ECI_POLICY: command, FUZZ_SEEDS: seeds } = env;
if (!command || !seeds) throw new Error('ECI_POLICY names the command, and FUZZ_SEEDS the seeds; `make test-npm` sets them');

/** The texts of the files in a folder and below. */
function textsIn(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? textsIn(path) : [readFileSync(path, 'utf8')];
  });
}

const cases = textsIn(join(repository, 'tests/cases'));
const written = [
  ...cases,
  ...textsIn(join(repository, 'examples')),
  ...textsIn(join(seeds, 'request')),
  ...textsIn(join(seeds, 'yaml_edit')),
  ...textsIn(join(repository, 'fuzz/found/yaml_edit')),
];
const texts = [
  // JavaScript has no strings with half a character, so such bytes are replaced for the command too.
  ...written.map((text) => Buffer.from(text).toString()),
  ...cases.map((text) => `\ufeff# 🎉 ä\n${text.replace(/^#.*$/gm, '$& 🎉ä').replaceAll('\n', '\r\n')}`),
  'Action=CreateContainerGroup\n# 🎉\nContainer.1.Name=🎉\nContainer.1.SecurityContextPrivileged=true\n',
  'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: # eci-policy: allow host-namespaces 🎉\n  hostPID: true # eci-policy: allow host-namespaces\n  hostIPC: true\n# eci-policy: allow nothing\n',
];
const settings = textsIn(join(seeds, 'settings')).map((text) => JSON.parse(text));
const valid = settings.filter((settings) => {
  try {
    // The command would take the Namespaces of the files before too.
    return !settings.scope?.namespaceLabels && check('', { settings });
  } catch {
    return false;
  }
});

const folder = mkdtempSync(join(tmpdir(), 'eci-agreement-'));
after(() => rmSync(folder, { recursive: true }));
const names = texts.map((_, index) => `${index}.yaml`);
mkdirSync(join(folder, 'texts'));
texts.forEach((text, index) => writeFileSync(join(folder, 'texts', names[index]), text));

/** Runs the command in a folder, and returns its output. */
function run(args, cwd = join(folder, 'texts')) {
  const { stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 30 });
  if (error) throw error;
  return { stdout, stderr };
}

/** The arguments of the command for options. */
function argumentsOf({ settings, profile, assumeEci }) {
  const args = ['--no-config'];
  if (settings) {
    writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
    args.push('--settings', join(folder, 'settings.json'));
  }
  if (profile) args.push('--profile', profile);
  if (assumeEci) args.push('--assume-eci');
  return args;
}

/** Returns a function that converts offsets in bytes to offsets in UTF-16. */
function units(text) {
  const bytes = Buffer.from(text);
  const known = new Map();
  return (offset) => {
    if (!known.has(offset)) known.set(offset, bytes.subarray(0, offset).toString().length);
    return known.get(offset);
  };
}

/** Returns the offset of a line and a column, which count from 1; columns count characters. */
function offsetOf(text, line, column) {
  const start = text.split('\n').slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, 0);
  const mark = line === 1 && text.startsWith('\ufeff') ? 1 : 0;
  return start + mark + [...text.slice(start + mark)].slice(0, column - 1).join('').length;
}

/** The options under which every text is compared: some of the settings, as all of them take minutes. */
const sweeps = [
  {},
  ...profiles().map((profile) => ({ profile, assumeEci: true })),
  ...valid.filter((_, index) => index % 12 === 0).map((settings) => ({ settings, assumeEci: true })),
];

test('there is much to compare', () => {
  assert.ok(texts.length > 150 && sweeps.length > 6, `${texts.length} texts, ${sweeps.length} sweeps`);
});

test('check finds the same at the same places', () => {
  let compared = 0;
  for (const options of sweeps) {
    const { files } = JSON.parse(run(['check', '--format', 'json', ...argumentsOf(options), ...names]).stdout);
    assert.equal(files.length, texts.length);
    for (const [index, { objects, findings, problems }] of files.entries()) {
      const text = texts[index];
      const at = units(text);
      const checked = check(text, options);
      const where = `${JSON.stringify(options)} ${names[index]}`;
      assert.equal(checked.objects.length, objects, where);
      const expected = findings.map(({ offset, length, fix, object, line, column, endLine, endColumn, note, suppressed, ...finding }) => ({
        ...finding,
        object,
        range: { from: at(offset), to: at(offset + length) },
        ...(note && { note }),
        ...(suppressed && { suppressed }),
        ...(fix && {
          fix: {
            title: fix.title,
            edits: fix.replacements.map(({ offset, length, text }) => ({
              range: { from: at(offset), to: at(offset + length) },
              text,
            })),
          },
        }),
      }));
      const found = checked.objects.flatMap(({ name, findings }) => findings.map((finding) => ({ ...finding, object: name })));
      assert.deepEqual(sorted(found), sorted(expected), where);
      const told = problems.map(({ message, help, line, column, remark }) => ({
        message,
        ...(help && { help }),
        ...(line && { from: offsetOf(text, line, column) }),
        remark,
      }));
      const here = checked.problems.map(({ range, ...problem }) => ({ ...problem, ...(range && { from: range.from }) }));
      assert.deepEqual(here, told, where);
      compared += found.length;
    }
  }
  assert.ok(compared > 10_000, `${compared} findings`);
});

/** Findings in an order that does not depend on objects. */
function sorted(findings) {
  const key = ({ range, rule, path, object }) => [String(range.from).padStart(9, '0'), rule, path, object].join();
  return findings.toSorted((one, other) => (key(one) < key(other) ? -1 : 1));
}

test('fix makes the same text', () => {
  let repaired = 0;
  for (const options of sweeps) {
    const copies = join(folder, 'copies');
    cpSync(join(folder, 'texts'), copies, { recursive: true });
    run(['fix', ...argumentsOf(options), ...names], copies);
    for (const [index, text] of texts.entries()) {
      const after = readFileSync(join(copies, names[index]), 'utf8');
      const fixed = fix(text, options);
      assert.equal(fixed.text, after, `${JSON.stringify(options)} ${names[index]}`);
      repaired += fixed.findings;
    }
    rmSync(copies, { recursive: true });
  }
  assert.ok(repaired > 500, `${repaired} findings`);
});

test('show returns the same objects', () => {
  for (const options of sweeps) {
    const { objects } = JSON.parse(run(['show', '--format', 'json', ...argumentsOf(options), ...names]).stdout);
    const expected = new Map(names.map((name) => [name, []]));
    for (const { file, ...object } of objects) expected.get(file).push(object);
    for (const [index, text] of texts.entries()) {
      const shown = show(text, options).objects.map(({ range, ...object }) => {
        const containers = object.containers?.map(({ range, written, kubernetes, ...container }) => container);
        return containers ? { ...object, containers } : object;
      });
      assert.deepEqual(shown, expected.get(names[index]), `${JSON.stringify(options)} ${names[index]}`);
    }
  }
});

test('diff finds the same changes', () => {
  const [newest, oldest] = [profiles()[0], profiles().at(-1)];
  let changes = 0;
  for (const { settings, assumeEci } of sweeps) {
    const args = argumentsOf({ settings, assumeEci });
    const { changed, reasons, sources, objects } = JSON.parse(run(['diff', '--format', 'json', '--from', oldest, '--to', newest, ...args, ...names]).stdout);
    const expected = new Map(names.map((name) => [name, []]));
    for (const { file, ...object } of changed) expected.get(file).push(object);
    let count = 0;
    for (const [index, text] of texts.entries()) {
      const compared = diff(text, oldest, newest, { settings, assumeEci });
      const here = compared.changed.map(({ range, changes, ...object }) => ({
        ...object,
        changes: changes.map(({ range, ...change }) => {
          assert.equal(range.from, offsetOf(text, change.line, change.column));
          return change;
        }),
      }));
      assert.deepEqual(here, expected.get(names[index]), names[index]);
      assert.deepEqual(compared.sources, sources);
      if (here.length > 0) assert.deepEqual(compared.reasons, reasons);
      count += compared.objects;
      changes += here.length;
    }
    assert.equal(count, objects);
  }
  assert.ok(changes > 50, `${changes} changes`);
});

test('sarif writes the same log', () => {
  for (const [index, text] of texts.entries()) {
    const options = { assumeEci: true, file: names[index] };
    const { stdout } = run(['check', '--format', 'sarif', ...argumentsOf(options), names[index]]);
    // Without a difference of two logs, each of 100 kB.
    assert.ok(sarif(text, options) === stdout, names[index]);
  }
});

test('convert writes the same', () => {
  let converted = 0;
  for (const [index, text] of texts.entries()) {
    for (const format of ['flat', 'json']) {
      const { stdout, stderr } = run(['convert', '--to', 'create-container-group', '--format', format, names[index]]);
      let here;
      try {
        here = convert(text, { to: 'create-container-group', format });
      } catch (error) {
        const message = error.message.replace('the manifest has no pods', 'has no pods');
        assert.ok(stderr.split('\n').includes(`eci-policy: ${names[index]}: ${message}`), `${names[index]}: ${stderr}${message}`);
        continue;
      }
      assert.deepEqual([here.text, here.remarks.map((remark) => `remark: ${remark}\n`).join('')], [stdout, stderr], names[index]);
      converted += 1;
    }
  }
  assert.ok(converted > 50, `${converted} texts`);
  for (const words of ['docker run --rm -it -e A=1 nginx sh -c "echo $$"', 'docker run --privileged --usr 0 i', 'docker run -v /a:/b i']) {
    const { stdout, stderr } = run(['convert', '--from', 'docker-run', words]);
    let here;
    try {
      const { text, remarks } = convert(words, { to: 'manifest' });
      here = [text, remarks.map((remark) => `remark: ${remark}\n`).join('')];
    } catch (error) {
      here = ['', `eci-policy: ${error.message}\n`];
    }
    assert.deepEqual(here, [stdout, stderr], words);
  }
});

test('the command takes every comment that suppress offers', () => {
  let offered = 0;
  const after = texts.map((text) => {
    const [finding] = check(text, { assumeEci: true }).objects.flatMap(({ findings }) => findings.filter(({ suppressed }) => !suppressed));
    const edit = finding && suppress(text, finding, 'why', { assumeEci: true });
    if (!edit) return null;
    offered += 1;
    return { finding, edit, text: text.slice(0, edit.range.from) + edit.text + text.slice(edit.range.to) };
  });
  const commented = join(folder, 'commented');
  mkdirSync(commented);
  after.forEach((changed, index) => writeFileSync(join(commented, names[index]), changed?.text ?? ''));
  const { files } = JSON.parse(run(['check', '--format', 'json', '--no-config', '--assume-eci', ...names], commented).stdout);
  for (const [index, changed] of after.entries()) {
    if (!changed) continue;
    const at = units(changed.text);
    const from = changed.finding.range.from + changed.edit.text.length;
    const found = files[index].findings.find(({ rule, offset }) => rule === changed.finding.rule && at(offset) === from);
    assert.deepEqual(found?.suppressed, { by: 'comment', reason: 'why' }, names[index]);
  }
  assert.ok(offered > 50, `${offered} comments`);
});
