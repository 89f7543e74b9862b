// GS1 Application Identifiers (GS1 General Specifications, section 3.2) and what may stand behind
// each: N digits, X the 82 characters of section 7.11, Y the 39 of the same section, "..n" up to n
// of them, [ ] something that may be missing. inventory/scanning.py has the same table.
export const TABLE = `
00 N18
01-03 N14
04 N16
10 X..20
11-19 N6
20 N2
21 X..20
22 X..20
235 X..28
240-241 X..30
242 N..6
243 X..20
250-251 X..30
253 N13 [X..17]
254 X..20
255 N13 [N..12]
30 N..8
3100-3699 N6
37 N..8
3900-3909 N..15
3910-3919 N3 N..15
3920-3929 N..15
3930-3939 N3 N..15
3940-3949 N4
3950-3959 N6
400-401 X..30
402 N17
403 X..30
410-417 N13
420 X..20
421 N3 X..9
422 N3
423 N..15
424 N3
425 N..15
426 N3
427 X..3
4300-4301 X..35
4302-4306 X..70
4307 X2
4308 X..30
4309 N20
4310-4311 X..35
4312-4316 X..70
4317 X2
4318 X..20
4319 X..30
4320 X..35
4321-4323 N1
4324-4325 N10
4326 N6
4330-4333 N6 [X1]
7001 N13
7002 X..30
7003 N10
7004 N..4
7005 X..12
7006 N6
7007 N6 [N6]
7008 X..3
7009 X..10
7010 X..2
7011 N6 [N4]
7020-7022 X..20
7023 X..30
7030-7039 N3 X..27
7040 N1 X3
710-716 X..20
7230-7239 X2 X..28
7240 X..20
7241 N2
7242 X..25
8001 N14
8002 X..20
8003 N14 [X..16]
8004 X..30
8005 N6
8006 N18
8007 X..34
8008 N8 [N..4]
8009 X..50
8010 Y..30
8011 N..12
8012 X..20
8013 X..25
8017-8018 N18
8019 N..10
8020 X..25
8026 N18
8030 X..90
8110 X..70
8111 N4
8112 X..70
8200 X..70
90 X..30
91-99 X..90`;

const CHARACTERS: Record<string, string> = {
  N: "[0-9]",
  X: '[!"%-?A-Z_a-z]',
  Y: "[#/0-9A-Z-]",
};

export interface Value {
  pattern: RegExp;
  /** How many characters it has, if that is always the same: then no separator is needed. */
  length: number | null;
}

function valueAs(parts: readonly string[]): Value {
  let source = "";
  let length: number | null = 0;
  for (const part of parts) {
    const [, type = "", range, digits = "", end] = /^\[?(\w?)(\.\.)?(\d+)(\])?$/.exec(part) ?? [];
    source += `(?:${CHARACTERS[type]}{${range ? "1," : ""}${digits}})${end ? "?" : ""}`;
    length = length === null || range || end ? null : length + Number(digits);
  }
  return { pattern: new RegExp(`^${source}$`), length };
}

function readTable(): Map<string, Value> {
  const known = new Map<string, Value>();
  for (const line of TABLE.trim().split("\n")) {
    const [range = "", ...parts] = line.split(" ");
    const [first = "", last = first] = range.split("-");
    for (let number = Number(first); number <= Number(last); number += 1) {
      known.set(String(number).padStart(first.length, "0"), valueAs(parts));
    }
  }
  return known;
}

export const IDENTIFIERS = readTable();
