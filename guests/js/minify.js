/** Minifies generated files in place. */

import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { minifySync } from 'rolldown/utils';

for (const file of argv.slice(2)) {
  const { code, errors } = minifySync(file, readFileSync(file, 'utf8'), { module: true });
  if (errors.length > 0) throw errors[0];
  writeFileSync(file, code);
}
