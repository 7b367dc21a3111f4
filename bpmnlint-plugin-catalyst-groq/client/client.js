'use strict';

const { configs } = require('../index');
const createRule = require('../lib/rule');

const PACKAGE = 'bpmnlint-plugin-catalyst-groq';

const resolver = {
  resolveRule(pkg, name) {
    if (pkg !== PACKAGE) {
      throw new Error(`unknown rule <${pkg}/${name}>`);
    }

    return createRule(name);
  },
  resolveConfig(pkg, name) {
    throw new Error(`unknown config <${pkg}/${name}>`);
  }
};

// As registerClientPlugin of camunda-modeler-plugin-helpers does.
window.plugins = window.plugins || [];
window.plugins.push({ plugin: { config: configs.recommended, resolver }, type: 'lintRules.bpmn' });
