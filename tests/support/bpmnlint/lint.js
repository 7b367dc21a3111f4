'use strict';

// Lints the diagrams of stdin with the real bpmnlint, which finds the plugin as it finds any: by its name.

const { readFileSync } = require('node:fs');
const { BpmnModdle } = require('bpmn-moddle');
const Linter = require('bpmnlint/lib/linter');
const NodeResolver = require('bpmnlint/lib/resolver/node-resolver');

async function main() {
  const { diagrams, typed } = JSON.parse(readFileSync(0, 'utf-8'));
  const moddle = new BpmnModdle(typed ? { camunda: require('camunda-bpmn-moddle/resources/camunda.json') } : {});
  const linter = new Linter({ config: { extends: 'plugin:catalyst-groq/recommended' }, resolver: new NodeResolver() });
  const found = [];

  for (const xml of diagrams) {
    const { rootElement } = await moddle.fromXML(xml);

    found.push(flatten(await linter.lint(rootElement)));
  }

  process.stdout.write(JSON.stringify(found));
}

function flatten(results) {
  return Object.entries(results).flatMap(([ rule, reports ]) => reports.map(report => ({ ...report, rule })));
}

main();
