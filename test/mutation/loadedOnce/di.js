module.exports = process.loadOnce('@n8n/di');
