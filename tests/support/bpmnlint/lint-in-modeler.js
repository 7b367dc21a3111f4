'use strict';

// Lints the diagrams of stdin as the Camunda Modeler does: with the rules that the plugin's client bundle registers.

const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { runInNewContext } = require('node:vm');
const { BpmnModdle } = require('bpmn-moddle');
const Linter = require('bpmnlint/lib/linter');

async function main() {
  const { diagrams, plugin } = JSON.parse(readFileSync(0, 'utf-8'));
  const { script } = require(plugin);
  const window = {};

  runInNewContext(readFileSync(join(plugin, script), 'utf-8'), { window });

  const { config, resolver } = window.plugins.find(({ type }) => type === 'lintRules.bpmn').plugin;
  const moddle = new BpmnModdle({ camunda: require('camunda-bpmn-moddle/resources/camunda.json') });
  const linter = new Linter({ config, resolver });
  const found = [];

  for (const xml of diagrams) {
    const { rootElement } = await moddle.fromXML(xml);
    const results = await linter.lint(rootElement);

    found.push(Object.entries(results).flatMap(
      ([ rule, reports ]) => reports.map(report => ({ ...report, rule }))
    ));
  }

  process.stdout.write(JSON.stringify(found));
}

main();
