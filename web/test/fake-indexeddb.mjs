/** The part of IndexedDB that opening, upgrading and deleting databases needs. Every answer comes a tick later. */
export class FakeIndexedDb {
  #databases = new Map();

  open(name, version) {
    return this.#request(name, version, (database) => {
      const db = { name, onversionchange: null, isClosed: false, stores: database.stores, close: () => this.#close(database, db) };
      db.createObjectStore = (store) => database.stores.push(store);
      database.open.add(db);
      return db;
    });
  }

  deleteDatabase(name) {
    return this.#request(name, null, (database) => {
      Object.assign(database, { version: 0, stores: [] });
    });
  }

  versionOf(name) {
    return this.#databases.get(name)?.version ?? 0;
  }

  #request(name, version, finish) {
    const request = { result: undefined, error: null };
    const database = this.#databases.get(name) ?? { version: 0, stores: [], open: new Set(), waiting: [] };
    this.#databases.set(name, database);
    const run = () => {
      const from = database.version;
      request.result = finish(database);
      if (version !== null && version > from) {
        database.version = version;
        request.onupgradeneeded?.({ oldVersion: from, newVersion: version });
      }
      request.onsuccess?.();
    };
    setImmediate(() => {
      if (version !== null && version <= database.version) return run();
      for (const db of [...database.open]) db.onversionchange?.({ newVersion: version });
      if (database.open.size === 0) return run();
      database.waiting.push(run);
      request.onblocked?.();
    });
    return request;
  }

  #close(database, db) {
    db.isClosed = true;
    database.open.delete(db);
    if (database.open.size === 0) for (const run of database.waiting.splice(0)) setImmediate(run);
  }
}
