'use strict';

module.exports = require('../lib/rule')('unthrown-error');
