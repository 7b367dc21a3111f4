'use strict';

const { constant, readOwnTask } = require('./task');

/** Return a check of all tasks of this worker. */
function ofTask(check) {
  return (node, report) => {
    const task = readOwnTask(node);

    return task && check(task, report);
  };
}

/** Return a check of one field that holds no placeholder. */
function ofField(name, check) {
  return ofTask((task, report) => {
    const text = name in task.fields ? constant(task, name) : undefined;

    return text && check(text, report, task);
  });
}

module.exports = { ofField, ofTask };
