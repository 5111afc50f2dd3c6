/** `npm run docs`: writes the files that come from the option table. A test checks that they are up to date. */
import { writeFileSync } from 'node:fs';
import { packageFile } from '../package-files.js';
import { renderConfigFile } from './render-config.js';
import { renderConfigDocs } from './render-docs.js';

writeFileSync(packageFile('notebook_config.json'), renderConfigFile());
writeFileSync(packageFile('docs', 'configuration.md'), renderConfigDocs());
