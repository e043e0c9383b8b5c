BEGIN TRANSACTION;
CREATE TABLE finding (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
  fingerprint TEXT NOT NULL, state TEXT NOT NULL, first_scan INTEGER NOT NULL,
  changed_scan INTEGER NOT NULL, last_scan INTEGER NOT NULL, head TEXT NOT NULL,
  UNIQUE (series, fingerprint));
INSERT INTO "finding" VALUES(1,1,'42370551fc223c46aadb9281877bd0c0','fail',1,5,7,'{"category":"access","change":"unchanged","concern":"security","fingerprint":"42370551fc223c46aadb9281877bd0c0","message":"Image runs as root","resource":{"file":"api/Dockerfile","id":"/srv/week/code/api/Dockerfile#image","line":1,"name":"api/Dockerfile","owner":"","provider":"code","region":"","scope":"code//srv/week/code","type":"code.dockerfile"},"rule":"dockerfile/runs-as-root","severity":"medium","status":"fail"}');
INSERT INTO "finding" VALUES(2,1,'9e8052d9802e26655b737ff5b1855674','no_longer_seen',2,6,6,'{"category":"access","change":"no_longer_seen","concern":"security","fingerprint":"9e8052d9802e26655b737ff5b1855674","message":"Image runs as root","resource":{"file":"worker/Dockerfile","id":"/srv/week/code/worker/Dockerfile#image","line":1,"name":"worker/Dockerfile","owner":"","provider":"code","region":"","scope":"code//srv/week/code","type":"code.dockerfile"},"rule":"dockerfile/runs-as-root","severity":"medium","status":"fail"}');
CREATE TABLE past (finding INTEGER NOT NULL REFERENCES finding, state TEXT NOT NULL,
  changed_scan INTEGER NOT NULL, last_scan INTEGER NOT NULL,
  PRIMARY KEY (finding, changed_scan)) WITHOUT ROWID;
INSERT INTO "past" VALUES(1,'fail',1,2);
INSERT INTO "past" VALUES(1,'fixed',3,3);
INSERT INTO "past" VALUES(2,'fail',2,3);
INSERT INTO "past" VALUES(2,'not_assessed_now',4,4);
INSERT INTO "past" VALUES(2,'fail',5,5);
CREATE TABLE scan (id INTEGER PRIMARY KEY, series INTEGER NOT NULL REFERENCES series,
  digest TEXT NOT NULL, finished_at TEXT NOT NULL, tool TEXT NOT NULL, rules_digest TEXT NOT NULL,
  passed INTEGER NOT NULL, failed INTEGER NOT NULL, not_assessed INTEGER NOT NULL,
  changes TEXT NOT NULL, UNIQUE (series, digest));
INSERT INTO "scan" VALUES(1,1,'da368f13d7bb470dd1538ba74969e5780da2ee1506e192148d6f221da44e78b6','2026-11-01T08:00:00Z','0.1.0','79553a4c76241a70dec62b018890a87ed3dd5110213bd17a26bfdc90fe2a7b86:4a0df1991e5e1849',0,1,0,'{"new":1}');
INSERT INTO "scan" VALUES(2,1,'01e88a84f7a02f8f0239abb5484c685d4391483d690c969d8416942d78d21145','2026-11-02T08:00:00Z','0.1.0','79553a4c76241a70dec62b018890a87ed3dd5110213bd17a26bfdc90fe2a7b86:4a0df1991e5e1849',0,2,0,'{"new":1,"unchanged":1}');
INSERT INTO "scan" VALUES(3,1,'acc95d7da7725b7990375848ebcdb2f5feebbfa5f3234fc99cfafa4a38bd929a','2026-11-03T08:00:00Z','0.1.0','79553a4c76241a70dec62b018890a87ed3dd5110213bd17a26bfdc90fe2a7b86:4a0df1991e5e1849',1,1,0,'{"fixed":1,"unchanged":1}');
INSERT INTO "scan" VALUES(4,1,'3eff152fa1e633c0637c8092c12a070a4525cd05e14217b1e8fad51edfc8df95','2026-11-04T08:00:00Z','0.1.0','79553a4c76241a70dec62b018890a87ed3dd5110213bd17a26bfdc90fe2a7b86:4a0df1991e5e1849',1,0,0,'{"not_assessed_now":1}');
INSERT INTO "scan" VALUES(5,1,'b5a38f95e72c9a977a8ff46518172fd3a6dfa8e135c5af837aed48bf41aac7d9','2026-11-05T08:00:00Z','0.1.0','79553a4c76241a70dec62b018890a87ed3dd5110213bd17a26bfdc90fe2a7b86:4a0df1991e5e1849',0,2,0,'{"regressed":1,"unchanged":1}');
INSERT INTO "scan" VALUES(6,1,'a5d14eb27457fdb8f90189d22ef5802abed5e9e445bbbdda7f9884c04ce4f655','2026-11-06T08:00:00Z','0.1.0','79553a4c76241a70dec62b018890a87ed3dd5110213bd17a26bfdc90fe2a7b86:4a0df1991e5e1849',0,1,0,'{"no_longer_seen":1,"unchanged":1}');
INSERT INTO "scan" VALUES(7,1,'4d2ed424e511f58e9f00b64d5fcd7edd30ddef6bb486c04a4c7c7d13615432e0','2026-11-07T08:00:00Z','0.1.0','79553a4c76241a70dec62b018890a87ed3dd5110213bd17a26bfdc90fe2a7b86:4a0df1991e5e1849',0,1,0,'{"unchanged":1}');
CREATE TABLE series (id INTEGER PRIMARY KEY, targets TEXT NOT NULL UNIQUE, passed BLOB NOT NULL);
INSERT INTO "series" VALUES(1,'["/srv/week/code (folder@b96bb458bac2)"]',X'789CABAE0500017500F9');
COMMIT;
