// Takes the place of qs in the bundle: forms and queries of ours are flat (`extended: false`, 'simple'), which Node's own parser reads.
'use strict';

const { parse } = require('node:querystring');

exports.parse = (text, { parameterLimit = 1_000 } = {}) => parse(text, '&', '=', { maxKeys: parameterLimit });
