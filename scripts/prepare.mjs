// npm runs this after `npm install` in a clone, and for `npm install -g .` and `npm pack`: it builds what the package ships.
import { build, checkNode, installPackages } from './setup.mjs';

// Set when our own set-up calls npm: it builds by itself afterwards.
if (process.env.NBSERVER_SETUP !== '1') {
  checkNode();
  installPackages();
  await build({ types: true });
}
