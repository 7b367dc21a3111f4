'use strict';

const table = require('./lib/table.json');

const LEVELS = { error: 'error', warning: 'warn', hint: 'info' };

/** What bpmnlint reads (`configs`, `rules`), and what the Camunda Modeler reads (`name`, `script`). */
module.exports = {
  name: 'Catalyst - Groq lint',
  script: './client/client.bundle.js',
  configs: {
    recommended: {
      rules: Object.fromEntries(
        Object.entries(table.rules).map(([ id, { severity } ]) => [ `catalyst-groq/${id}`, LEVELS[severity] ])
      )
    }
  },
  rules: Object.fromEntries(Object.keys(table.rules).map(id => [ id, `./rules/${id}` ]))
};
