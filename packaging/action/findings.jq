# Findings of `dechaff explain --json`: removals on adjoining lines become one. Used as
#   jq --null-input --raw-output -L packaging/action 'include "findings"; annotations' < explained.jsonl

# The number of the last line of a removal. Line ends at its end belong to it.
def last_line: .line + (.text | rtrimstr("\n") | split("\n") | length) - 1;

def merged:
  reduce .[] as $removal ([];
    ($removal | last_line) as $last
    | if length > 0 and $removal.line <= .[-1].last + 1
      then .[-1] |= (.last = ([.last, $last] | max) | .rules += [$removal.rule])
      else . + [{
        line: $removal.line,
        last: $last,
        rules: [$removal.rule],
        text: ($removal.text | split("\n")[0] | rtrimstr("\r") | .[:80]),
      }]
      end);

# A record of JSON Lines is a line of its file. Of other files with records, the file alone is named.
def place:
  if .record == null then {line, last}
  elif .path | test("\\.(jsonl|ndjson)$") then {line: .record, last: .record}
  else {line: 1, last: 1}
  end;

# Blank lines are removed only because of what was removed beside them.
def findings:
  . as $document
  | [.removals[] | select(.rule != "layout/blank-lines")]
  | merged[]
  | . + ({path: $document.path, record: $document.record, line, last} | . + place)
  | .rules |= (reduce .[] as $rule ([]; if index([$rule]) then . else . + [$rule] end))
  | .message = (if .record then "record \(.record): " else "" end)
      + "dechaff would remove this (\(.rules | join(", "))): \(.text)";

def data: gsub("%"; "%25") | gsub("\r"; "%0D") | gsub("\n"; "%0A");
def property: data | gsub(":"; "%3A") | gsub(","; "%2C");

# Workflow commands of GitHub, one for each finding.
def annotations:
  inputs | findings
  | "::warning file=\(.path | property),line=\(.line),endLine=\(.last),title=dechaff"
    + "::\(.message | data)";

# One log in SARIF 2.1.0. `$version` is that of the command, `$home` an address.
def sarif($version; $home):
  [inputs | findings] as $findings
  | {
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
      version: "2.1.0",
      runs: [{
        tool: {driver: {
          name: "dechaff",
          informationUri: $home,
          semanticVersion: $version,
          rules: ($findings | map(.rules[0]) | unique | map({id: .})),
        }},
        columnKind: "unicodeCodePoints",
        results: ($findings | map({
          ruleId: .rules[0],
          level: "warning",
          message: {text: .message},
          locations: [{physicalLocation: {
            artifactLocation: {uri: (.path | split("/") | map(@uri) | join("/"))},
            region: {startLine: .line, endLine: .last},
          }}],
        })),
      }],
    };
