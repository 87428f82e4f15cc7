"""Writes Tests/TemplatesTests/Fixtures/template_cases.json: small templates and their results in jinja2.

    python3 -m venv v && v/bin/pip install jinja2==3.1.6 && v/bin/python Tests/Scripts/make_template_cases.py

A case is [template, variables, result]; the result is the text, or null if jinja2 raises an error. The environment is
that of `apply_chat_template` in the transformers library, except that lists may be modified in place, as existing
templates require (SandboxedEnvironment instead of ImmutableSandboxedEnvironment).
"""

import json
import os

from jinja_reference import render

ITEMS = {
    "s": "Hello World", "u": "Grüße, 世界 😀", "e": "", "n": None, "i": 7, "f": 2.5, "t": True, "x": False,
    "l": [3, 1, 2], "w": ["b", "A", "c", "a"], "d": {"b": 1, "a": "two", "items": [1], "C": None},
    "m": [
        {"role": "system", "content": "sys"},
        {"role": "user", "content": "hi", "n": 2},
        {"role": "assistant", "content": "yo", "n": 1, "tool_calls": [{"function": {"name": "f"}}]},
        {"role": "user", "content": "bye", "n": 2},
    ],
}

# One expression per line, each printed with {{ }}.
EXPRESSIONS = r"""
1 + 2 * 3
(1 + 2) * 3
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
-7.5 // 2
-7.5 % 2
7.5 % -2
6 / 2
7 / 2
1 / 3
2 ** 10
2 ** -1
2 ** 3 ** 2
-2 ** 2
2 ** 0.5
2.0 ** 3
1 / 0
1 // 0
1 % 0
1.0 / 0
10 - 2 - 3
2 * 3 % 4
1 + 2 ~ 3 + 4
1 ~ 2 * 3
-i
+i
- -i
--i
-s
-f
not t
not x
not n
not e
not l
not 0
not not 1
1 + t
t + t
t * 3
1 == 1.0
1 == true
0 == false
1 == '1'
'a' == 'a'
none == none
none == false
missing == missing
missing == none
missing != 1
[1, 2] == [1, 2.0]
[1, 2] == (1, 2)
{'a': 1} == {'a': 1.0}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
1 < 2 < 3
1 < 3 < 2
1 < 2 == 2
3 > 2 >= 2 != 3
'a' < 'b'
'B' < 'a'
'ä' > 'z'
[1, 2] < [1, 3]
[1] < [1, 0]
(1, 'a') < (1, 'b')
1 < 'a'
none < 1
missing < 1
1 < 2.5
true < 2
1 in l
9 in l
9 not in l
'ell' in s
'' in s
1 in s
'a' in d
'zz' in d
'a' not in d
'x' in missing
1 in n
1 in (1, 2)
1 in range(3)
5 in range(0, 10, 2)
6 in range(0, 10, 2)
'b' in d.keys()
1 in d.values()
not 1 in l
s and i
e and i
e or i
s or i
n or missing or 'z'
n and missing
1 or 2 and 3
(1 or 2) and 3
not 1 == 2
not t or t
1 if t else 2
1 if x else 2
1 if x
(1 if x) is defined
1 if x else 2 if x else 3
1 if t else 2 if x else 3
'a' if 1 == 1 and 2 == 2 else 'b'
[1 if t else 2, 3]
s.upper() if s is defined else 'no'
s
u
n
t
x
i
f
l
d
m[0]
[]
()
(1,)
(1, 2)
1,
1, 2
{}
{'a': [1, {'b': (1,)}]}
[1, 2,]
{'a': 1,}
[none, true, false, missing]
['it\'s', "say \"x\"", 'both \' "', 'nl\n', 'tab\t', '\\', 'ü', '\x07', '\u200b', '\u00a0', '\U0001f600']
1.0
1e3
1e16
1e15
123456789012345680.0
1e-4
1e-5
0.1
1.5e300
2.5
-0.0
1_000
0x1f
0o17
0b101
1e5
3.14159
100.0
1e22
0.00001234
'a' 'b'
'a' "b" 'c'
'a\nb'
'a\tb'
'\x41'
'\u00e9'
'\101'
'\q'
'\''
"\""
'\\n'
"it's"
'a' + 'b'
'a' + 1
1 + 'a'
'a' ~ 1
'a' ~ none
'a' ~ missing
'a' ~ 1.0 ~ true ~ [1, 'x']
'ab' * 3
3 * 'ab'
'ab' * 0
'ab' * -1
'ab' * 1.5
[1] * 3
[1] + [2]
[1] + (2,)
(1,) + (2,)
{'a': 1} + {'b': 2}
missing + 1
1 + missing
missing ~ 1
missing.x
missing['x']
missing.x.y
missing()
missing | length
missing | trim
missing | upper
missing | join(',')
missing | list
missing | first
missing | last
missing | int
missing | float
missing | tojson
missing | string
missing | items | list
missing | default('d')
missing | map('upper') | list
missing | select | list
missing | sort
missing | unique | list
missing | sum
missing | reverse | list
missing | replace('a', 'b')
missing | dictsort
missing | indent
missing is defined
missing is undefined
missing is none
missing is string
missing is mapping
missing is iterable
missing is sequence
missing is number
missing is callable
missing[1:]
n.x
n['x']
n.x.y
n[1:]
n | length
n | trim
n | upper
n | default('d')
n | default('d', true)
n | join
n | string
n | tojson
n | list
n | select | list
n | int
n | float
i.x
i['x']
i[0]
i | length
d.a
d['a']
d.zz
d.zz.y
d['zz']
d.items is callable
d['items']
d.C
d.get('a')
d.get('zz')
d.get('zz', 5)
d.get('C', 5)
d.keys()
d.values()
d.items()
d.keys() | list
d.values() | list
d.items() | list
d.items() | length
d.keys()[0]
d | length
d | list
d | first
d | last
d[1]
d[l]
d | items | list
d | dictsort
d | dictsort(true)
d | dictsort(false, 'value')
{'b': 2, 'a': 3} | dictsort(by='value', reverse=true)
{1: 'a', 1.0: 'b', true: 'c'}
{'a': 1, 'a': 2}
{(1, 2): 3}[1, 2]
{[1]: 2}
d.__class__
d.__class__.x
s.__class__
s.__len__()
s['__class__'] is defined
l.__class__.__mro__
d._x
l[0]
l[-1]
l[5]
l[-9]
l['a']
l.a
l.0
l[true]
l[1.0]
l[0:2]
l[:2]
l[1:]
l[-2:]
l[::-1]
l[::2]
l[5:]
l[-9:9]
l[2:0:-1]
l[::0]
l[:none]
l['a':]
(1, 2, 3)[1:]
s[0]
s[-1]
s[50]
s[1:4]
s[::-1]
s[-3:]
u[3]
u[-1]
u[2:9]
u[::-1]
u | length
u | list
range(5)[1]
range(5)[-1]
range(10)[2:4] | list
d[1:]
m[1].role
m[1]['role']
m[-1].content
m[2].tool_calls[0].function.name
m[0].tool_calls
m[0].tool_calls.x
m | length
range(5) | list
range(1, 5) | list
range(0, 10, 3) | list
range(5, 0, -2) | list
range(0)
range(3)
range(1, 4, 2)
range(1, 2, 0)
range(1000000)
range('a')
range(2.0)
range()
dict(a=1, b=[2])
dict([('a', 1)])
dict({'a': 1}, b=2)
dict(1)
namespace(a=1).a
namespace(a=1).b
namespace(a=1)
namespace({'a': 1}, b=2).b
namespace(_a=1)
s.upper()
s.lower()
s.title()
s.capitalize()
s.swapcase()
'ÄÖß ﬁ ǆ'.upper()
'ÄÖ ΑΣ ΑΣΑ'.lower()
'hello wORLD x1y o\'neil'.title()
'ﬁx'.capitalize()
'  a b '.strip()
'  a b '.lstrip()
'  a b '.rstrip()
'\u00a0a\u2003'.strip()
'xxaxx'.strip('x')
'xyaxy'.strip('xy')
'xyaxy'.lstrip('yx')
'xyaxy'.rstrip('y')
'aéa'.strip('a')
'abc'.strip('')
'abc'.strip(none)
' a '.strip(1)
'a,b,,c'.split(',')
'a,b,,c'.split(',', 1)
'a,b,,c'.split(',', maxsplit=2)
'a,b,,c'.rsplit(',', 1)
'a,b,,c'.rsplit(',')
' a  b c '.split()
' a  b c '.split(none, 1)
' a  b c '.split(maxsplit=1)
' a  b c '.rsplit(none, 1)
''.split()
''.split(',')
'a'.split('')
'a::b::c'.split('::')[-1]
'aaaa'.split('aa')
'aaaaa'.rsplit('aa', 1)
'</think>x'.split('</think>')[-1].lstrip('\n')
'a\nb\r\nc\rd\x0be\u2028f\n'.splitlines()
'a\nb\r\nc'.splitlines(true)
''.splitlines()
'\n\n'.splitlines()
s.startswith('He')
s.startswith('x')
s.startswith(('x', 'H'))
s.startswith('l', 2)
s.startswith('')
s.startswith(1)
s.endswith('ld')
s.endswith(('x', 'd'))
s.endswith('lo', 0, 5)
s.replace('l', 'L')
s.replace('l', 'L', 1)
s.replace('', '-')
s.replace('', '-', 2)
'aaa'.replace('aa', 'b')
'é'.replace('', '-')
s.replace('l')
s.find('o')
s.find('o', 5)
s.find('o', -3)
s.find('zz')
s.rfind('o')
s.rfind('o', 0, 5)
s.index('W')
s.index('zz')
s.rindex('o')
u.find('世')
u.rfind('ß')
s.count('l')
s.count('l', 4)
s.count('')
'aaa'.count('aa')
','.join(['a', 'b'])
','.join('abc')
','.join([1, 2])
''.join([])
', '.join(d)
s.format()
'{} {}'.format(1, 'a')
'{0} {1} {0}'.format('a', 'b')
'{x} {y}'.format(x=1, y=none)
'{:>5}|{:<5}|{:^5}|{:05d}|{:.2f}|{:,}'.format('a', 'b', 'c', 42, 3.14159, 1234567)
'{:x} {:X} {:o} {:b} {:#x}'.format(255, 255, 8, 5, 255)
'{0.a} {0[b]}'.format(d)
'{{}} {}'.format(1)
'{!r}'.format('a')
'{:*^9}'.format('mid')
'{:+d} {: d}'.format(3, 4)
'{:.3}'.format('abcdef')
'{:e} {:g} {:.1%}'.format(1234.5, 0.00001, 0.256)
'{}'.format()
'{'.format()
'}'.format()
'{a}'.format(1)
'{:d}'.format('a')
'{:{}}|'.format('a', 5)
'{:5}|{:5}'.format(1, 'a')
'%s and %s' % ('a', 1)
'%s' % 'a'
'%s' % [1, 2]
'%d' % 3.9
'%d' % 'a'
'%5d|%-5d|%05d|%+d' % (1, 2, 3, 4)
'%.2f %5.1f %e %g' % (3.14159, 2.25, 12345.678, 0.0001)
'%x %X %o %#x' % (255, 255, 8, 255)
'%s %%' % 1
'%(a)s-%(b)s' % {'a': 1, 'b': 2}
'%s %s' % 'a'
'%s' % ('a', 'b')
'%r %s' % ('a', none)
'%c%c' % ('a', 98)
'%*d' % (5, 42)
'%.2s' % 'abc'
'%5s|%-5s|' % ('a', 'b')
'%' % 1
'%z' % 1
'a' % ()
'a' % 1
'abc'.center(8)
'abc'.center(9, '*')
'abc'.ljust(5) ~ '|'
'abc'.rjust(5, '.')
'42'.zfill(5)
'-42'.zfill(5)
'a\tb'.expandtabs(4)
'abc'.isalpha()
'ab1'.isalnum()
'123'.isdigit()
'12.3'.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
''.isdigit()
'abc'.islower()
'ABC'.isupper()
'Abc Def'.istitle()
'  '.isspace()
'abc'.isascii()
'é'.isascii()
'abc'.removeprefix('a')
'abc'.removesuffix('c')
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('x')
'abc'.rpartition('x')
'abc'.nope()
'abc'.nope
l.index(1)
l.index(9)
l.count(1)
[1, 2].copy()
(1, 2, 1).count(1)
(1, 2).index(2)
f.is_integer()
s | upper
s | lower
'hello WORLD-foo (bar) <baz> o\'x' | title
'hELLO' | capitalize
'  a ' | trim
'xax' | trim('x')
12 | trim
s | length
l | length
i | length
s | count
'a' | replace('a', 'b')
'aaa' | replace('a', 'b', 2)
123 | replace(2, 'x')
l | join
l | join(', ')
l | join(1)
w | join('-')
m | join(',', attribute='role')
m | map(attribute='role') | join(',')
m | map(attribute='n') | list
m | map(attribute='n', default=0) | list
m | map(attribute='tool_calls.0.function.name') | list
w | map('upper') | list
w | map('replace', 'a', 'b') | list
l | map('string') | join
l | map('nope') | list
l | map | list
s | first
s | last
l | first
l | last
[] | first
[] | last
[] | first is defined
l | list
s | list
n | list
'abc' | reverse
l | reverse | list
d | reverse | list
l | sort
l | sort(reverse=true)
w | sort
w | sort(case_sensitive=true)
w | sort(true)
m | sort(attribute='content') | map(attribute='content') | list
m[1:] | sort(attribute='n,content') | map(attribute='content') | list
m | sort(attribute='n')
[1, 'a'] | sort
[3, 1.5, true] | sort
w | unique | list
[1, 1.0, true, 'a', 'A'] | unique | list
w | unique(case_sensitive=true) | list
m | unique(attribute='role') | map(attribute='role') | list
[[1], [1]] | unique | list
l | min
l | max
w | min
w | max
[] | min
[] | max is defined
m | max(attribute='content')
m[1:] | min(attribute='n')
l | sum
[] | sum
[0.1, 0.2] | sum
m[1:] | sum(attribute='n')
m[1:] | sum('n', 10)
[[1], [2]] | sum(start=[])
w | sum
l | batch(2) | list
l | batch(2, 'x') | list
range(7) | slice(3) | list
range(7) | slice(3, 'x') | list
range(2) | slice(4) | list
m | groupby('role') | length
m | groupby('role') | map(attribute='grouper') | list
m | groupby('role') | map('first') | list
m | groupby('n', default=9) | map(attribute=0) | list
(m | groupby('role'))[0].list | length
m | selectattr('role', 'equalto', 'user') | list | length
m | selectattr('role', '==', 'user') | map(attribute='content') | join
m | selectattr('n') | map(attribute='n') | list
m | selectattr('n', 'defined') | list | length
m | rejectattr('role', 'in', ['user', 'system']) | map(attribute='role') | list
m | rejectattr('n') | list | length
m | selectattr('role', 'nope') | list
l | select | list
l | select('odd') | list
l | reject('odd') | list
l | select('>', 1) | list
l | select('in', [1, 2]) | list
w | select('lower') | list
[0, 1, '', 'a', none] | select | list
[0, 1, '', 'a', none] | reject | list
m | selectattr('role', 'equalto', 'user') | first
(m | selectattr('role', 'equalto', 'nope') | first) is defined
(l | select) is iterable
1 if (l | select('>', 9)) else 2
(l | select)[0] is defined
'5' | int
'5.7' | int
' 12 ' | int
'x' | int
'x' | int(9)
'x' | int(default=9)
'ff' | int(base=16)
'0xff' | int(base=16)
'0b11' | int(base=2)
'1_000' | int
'-3' | int
5.9 | int
-5.9 | int
true | int
n | int(3)
'1e3' | int
'' | int
'1.5' | float
'x' | float
'x' | float(2.5)
'1e3' | float
5 | float
'inf' | float
'.5' | float
'5.' | float
'nan' | float
'-1_0.5' | float
3.7 | round
2.5 | round
3.5 | round
-2.5 | round
3.14159 | round(2)
2.675 | round(2)
1234.5 | round(-2)
1234 | round(-2)
5 | round
42.55 | round(1, 'floor')
42.51 | round(1, 'ceil')
42 | round(1, 'ceil')
'a' | round
-5 | abs
-5.5 | abs
'a' | abs
5 | string
none | string
[1, 'a'] | string
s | string
'<a href="x">&\'</a>' | escape
'<b>' | e
'<b>' | safe
('<b>' | safe) + '<i>'
'<i>' + ('<b>' | safe)
('<b>' | safe) ~ '<i>'
('<b>' | safe) | upper + '<i>'
('<b>' | escape) | escape
('<b>' | escape) | forceescape
'<p>a  <b>b</b></p> c' | striptags
'a b/c&d=é' | urlencode
{'a b': 1, 'c': '/'} | urlencode
'%s-%s' | format(1, 'x')
'%(a)s' | format(a=1)
'a\nb\n\nc' | indent
'a\nb\n\nc' | indent(2)
'a\nb\n\nc' | indent(2, true)
'a\nb\n\nc' | indent(2, true, true)
'a\nb' | indent('>> ')
'a\nb' | indent(width=1, first=true)
'a\nb\n' | indent
'' | indent
'foo bar baz qux' | truncate(9)
'foo bar baz qux' | truncate(9, true)
'foo bar baz qux' | truncate(11)
'foo bar baz qux' | truncate(11, false, '...', 0)
'foo bar baz qux' | truncate(2)
'ü' * 20 | truncate(5, true, '')
'ab' | center(6)
'Hello, big wide_world 12' | wordcount
d | tojson
m[2] | tojson
u | tojson
'\u007f\u0001\n\t"\\/</script>\'' | tojson
1.0 | tojson
1e20 | tojson
[1, 2.5, none, true] | tojson
(1, 2) | tojson
{1: 2, none: 3, true: 4, 2.5: 5} | tojson
{} | tojson
[] | tojson
d | tojson(indent=2)
[[], {}, [1]] | tojson(indent=2)
d | tojson(indent=4, sort_keys=true)
[1] | tojson(indent='\t')
[1] | tojson(indent=0)
d | tojson(separators=(',', ':'))
d | tojson(separators=[', ', ' = '])
u | tojson(ensure_ascii=true)
u | tojson(true)
{'b': {'d': 1, 'c': 2}, 'a': 3} | tojson(sort_keys=true)
d.keys() | tojson
range(3) | tojson
(l | map('string')) | tojson
namespace() | tojson
l | tojson | length
'"x"' | tojson | tojson
d | items | list | length
l | items | list
d | attr('a')
d | attr('get') is callable
'x' | nope
'x' | default
missing | d('y')
e | default('y')
e | default('y', true)
e | default('y', boolean=true)
x | default(1, true)
1 is number
1.5 is number
true is number
'1' is number
1 is integer
true is integer
1.0 is integer
1.0 is float
1 is float
true is boolean
1 is boolean
true is true
1 is true
false is false
0 is false
none is none
e is none
s is string
1 is string
d is mapping
l is mapping
l is iterable
s is iterable
d is iterable
1 is iterable
n is iterable
l is sequence
s is sequence
d is sequence
range(2) is sequence
(1, 2) is sequence
1 is sequence
d.items() is sequence
d.items() is iterable
s is callable
range is callable
3 is odd
3 is even
4 is even
-3 is odd
9 is divisibleby 3
9 is divisibleby(2)
'a' is odd
1 is eq 1
1 is equalto 1.0
1 is ne 2
1 is lt 2
2 is ge 2
2 is greaterthan(1)
1 is in l
9 is in l
9 is not in l
'a' is lower
'A' is upper
'aB' is lower
1 is sameas 1
true is sameas true
1 is sameas true
[] is sameas []
'upper' is filter
'nope' is filter
'odd' is test
'nope' is test
s is nope
s is not string
not s is string
s is string and l is sequence
s is defined and s is string or x
1 is number is string
(1 is number) is boolean
'a' is escaped
('a' | e) is escaped
s is string == true
1 + 1 is number
-1 | abs
-1 is number
2 * 3 | string * 2
'a' ~ 'b' | upper
('a' ~ 'b') | upper
1 + 2 | float
not 'a' in 'b'
[1, 2, 3][1:] | first
'a,b' | upper | replace(',', ';')
s.split(' ') | map('length') | list
s.split()[0].lower()[0]
{'a': {'b': [10, 20]}}.a.b[1]
[[1, 2], [3, 4]][1][0]
(s | upper)[0:2]
s | upper | lower | title
foo.bar
joiner(', ')()
cycler('a', 'b').next()
cycler()
cycler('a', 'b').current
strftime_now('%Y-%m-%d %H:%M:%S')
strftime_now('%d %b %Y, %A %B %j %y %I %p %-d %e %a %U %W %w %u %F %T %D %R %% %h %C')
strftime_now('')
raise_exception('stop')
raise_exception()
caller()
loop
super()
self.x()
[1, 2
(1, 2
1 +
1 2
a b
'abc
{'a' 1}
l[
l[1, 2]
f(a=1, 2)
range(*[1, 4]) | list
dict(**{'a': 1})
range(*[1], **{})
range(stop=3)
{{}}
1 if
x.
x.1.y
x|
x is
x is not
'a' if 'b' if 'c'
$
a ? b : c
a && b
1 <> 2
1 = 2
!x
l | length > 2
l | length == 3 and s | length == 11
'%s' | format(l | length) ~ '!'
""".strip("\n").split("\n")

STATEMENTS = [
    "{% if t %}a{% else %}b{% endif %}", "{% if x %}a{% elif t %}c{% else %}b{% endif %}",
    "{% if missing %}a{% endif %}b", "{% if l, %}a{% endif %}", "{% if (t, x) %}a{% endif %}",
    "{% for i in l %}{{ i }}{% endfor %}", "{% for i in l %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in [] %}{{ i }}{% else %}none{% endfor %}", "{% for i in missing %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in n %}{% endfor %}", "{% for i in 5 %}{% endfor %}", "{% for k in d %}{{ k }},{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for k, v in d | items %}{{ k }}{% endfor %}",
    "{% for k, v in d %}{{ k }}{% endfor %}", "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [(1, 2), (3,)] %}{{ a }}{% endfor %}", 
    "{% for c in 'añ😀' %}[{{ c }}]{% endfor %}", "{% for i in range(3) %}{{ i }}{% endfor %}",
    "{% for i in l if i > 1 %}{{ loop.index }}:{{ i }}/{{ loop.length }} {% endfor %}",
    "{% for i in l if i > 9 %}{{ i }}{% else %}none{% endfor %}",
    "{% for i in 1, 2, 3 %}{{ i }}{% endfor %}", "{% for i in [1] if t else [2] %}{{ i }}{% endfor %}",
    "{% for i in ([1] if t else [2]) %}{{ i }}{% endfor %}",
    "{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
    "{% for i in l %}{{ loop.previtem }}-{{ loop.nextitem }} {% endfor %}",
    "{% for i in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}",
    "{% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for i in l %}{{ loop.cycle() }}{% endfor %}",
    "{% for m in m %}{{ loop.changed(m.role) }}{% endfor %}", "{% for i in [1, 1, 2, 2] %}{% if loop.changed(i) %}{{ i }}{% endif %}{% endfor %}",
    "{% for i in l %}{{ loop.nope }}{% endfor %}", "{% for i in l %}{% for j in l %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% for i in l %}{% set outer = loop %}{% for j in l %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% for i in l %}{{ loop }}{% endfor %}", "{% for i in l | map('string') %}{{ loop.length }}{{ loop.last }}{% endfor %}",
    "{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}",
    "{% for i in l %}{% break %}{% else %}else{% endfor %}", "{% for i in l %}{% continue %}{% else %}else{% endfor %}",
    "{% for i in l %}{% if i == 2 %}{% break %}{% endif %}{% else %}else{% endfor %}",
    "{% break %}", "{% for i in l %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for a in l %}{% for b in l %}{% if b == 1 %}{% break %}{% endif %}{{ b }}{% endfor %};{% endfor %}",
    "{% for n in [{'v': 1, 'c': [{'v': 2, 'c': []}, {'v': 3, 'c': [{'v': 4, 'c': []}]}]}] recursive %}{{ n.v }}@{{ loop.depth }}({{ loop(n.c) }}){% endfor %}",
    "{% for i in l %}{{ loop(l) }}{% endfor %}", "{% for i in l recursive %}{{ loop() }}{% endfor %}",
    "{% for i in l %}{% endfor %}{{ i }}", "{% set i = 9 %}{% for i in l %}{% endfor %}{{ i }}",
    "{% set a = 1 %}{% for i in l %}{{ a }}{% set a = i %}{{ a }} {% endfor %}{{ a }}",
    "{% for i in l %}{% set a = i %}{% endfor %}{{ a }}", "{% for i in l %}{% if loop.first %}{% set a = i %}{% endif %}{{ a }}{% endfor %}",
    "{% set ns = namespace(a=0) %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}",
    "{% set ns = namespace() %}{% set ns.x = 1 %}{{ ns.x }}{{ ns.y }}{{ ns['x'] }}", "{% set ns = namespace() %}{% set ns._x = 1 %}",
    "{% set q = {} %}{% set q.x = 1 %}", "{% set nope.x = 1 %}", "{% set ns = namespace(l=[]) %}{% for i in l %}{% set ns.l = ns.l + [i * 2] %}{% endfor %}{{ ns.l }}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = [1] %}", "{% set a = 1, 2 %}{{ a }}", "{% set (a, b) = (1, 2) %}{{ b }}",
    "{% set a = 1 %}{% set b = a %}{{ b }}", "{% set a %}x{{ i }}y{% endset %}{{ a }}{{ a | length }}",
    "{% set a | upper %}abc{% endset %}{{ a }}", "{% set a | replace('a', 'b') | upper %}abc{% endset %}{{ a }}",
    "{% set a %}{% set b = 1 %}{{ b }}{% endset %}{{ a }}{{ b }}", "{% set true = 1 %}", "{% set none = 1 %}", "{% set 1 = 1 %}",
    "{% if t %}{% set a = 1 %}{% endif %}{{ a }}", "{% if x %}{% set a = 1 %}{% endif %}{{ a is defined }}",
    "{% set a = 1 %}{% if x %}{% set a = 2 %}{% endif %}{{ a }}", "{% set s = s.upper() %}{{ s }}",
    "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a }}", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}",
    "{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with a, b = (1, 2) %}{{ b }}{% endwith %}",
    "{% macro f() %}x{% endmacro %}{{ f() }}{{ f() }}", "{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }} {{ f(1, 3) }} {{ f(b=4, a=5) }}",
    "{% macro f(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ f() }}", "{% macro f(a) %}{{ a.b }}{% endmacro %}{{ f() }}",
    "{% macro f(a) %}{% endmacro %}{{ f(1, 2) }}", "{% macro f(a) %}{% endmacro %}{{ f(z=2) }}", "{% macro f(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1, 2, 3, z=4) }}",
    "{% macro f(a, b=a ~ '!') %}{{ b }}{% endmacro %}{{ f('x') }}", "{% macro f(a=1, b) %}{% endmacro %}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(5) }}",
    "{{ f() }}{% macro f() %}x{% endmacro %}", "{% macro g() %}{{ h() }}{% endmacro %}{% macro h() %}h{% endmacro %}{{ g() }}",
    "{% set a = 1 %}{% macro f() %}{{ a }}{% endmacro %}{% set a = 2 %}{{ f() }}", "{% macro f() %}{% set a = 7 %}{{ a }}{% endmacro %}{{ f() }}{{ a }}",
    "{% for i in l %}{% macro f() %}{{ i }}{% endmacro %}{{ f() }}{% endfor %}", "{% macro f() %}{{ s }}{% endmacro %}{% for s in w %}{{ f() }}{% endfor %}",
    "{% macro f() %}<{{ caller() }}>{% endmacro %}{% call f() %}in{{ i }}{% endcall %}",
    "{% macro f() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) f() %}{{ a }}-{{ b }}{% endcall %}",
    "{% macro f() %}{{ caller() }}{% endmacro %}{{ f() }}", "{% macro f() %}{% if caller %}y{% else %}n{% endif %}{% endmacro %}{{ f() }}{% call f() %}{% endcall %}",
    "{% macro f() %}x{% endmacro %}{% call f() %}y{% endcall %}", "{% macro f(x) %}{{ x }}{{ caller() }}{% endmacro %}{% call f('a') %}b{% endcall %}",
    "{% call s %}{% endcall %}",   "{% macro f() %}x{% endmacro %}{{ f is callable }}{{ f is defined }}",
    "{% macro f() %}  x\n{% endmacro %}[{{ f() | trim }}]", "{% macro f() %}{{ loop }}{% endmacro %}{% for i in l %}{{ f() }}{% endfor %}",
    "{% filter upper %}abc {{ i }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}abc{% endfilter %}", "{% filter %}{% endfilter %}",
    "{% raw %}{{ a }}{% b %}{# c #}{% endraw %}", "{%- raw -%} x {%- endraw -%} y", "a{% raw %}\n x{% endraw %}\nb", "{% raw %}x", "{% raw %}{% endraw x %}",
    "a{# comment #}b", "a{# {{ x }} {% if %} #}b", "a {#- c -#} b", "a{# c", "a\n{# c #}\nb", "  {# c #}  b", "{#+ c #}\nb", "{##}x{#-#}",
    "{% generation %}a{{ i }}{% endgeneration %}", "{% generation %}{% set a = 1 %}{% endgeneration %}{{ a }}", "{% for i in l %}{% generation %}{{ i }}{% endgeneration %}{% endfor %}",
    "{% block x %}a{{ i }}{% endblock %}", "{% block x %}a{% endblock x %}", "{% for i in [9] %}{% block x %}{{ i }}{% endblock %}{% endfor %}", "{% for i in [9] %}{% block x scoped %}{{ i }}{% endblock %}{% endfor %}",
    "{% print 1, 'a' %}", "{% do l.append(1) %}", "{% nope %}", "{% if t %}", "{% endif %}", "{% for i in l %}{% endif %}", "{% if t %}{% endfor %}", "{% for in l %}{% endfor %}", "{% for i l %}{% endfor %}",
    "{% if %}{% endif %}", "{% else %}", "{% set %}", "{% set a = %}", "{% set a 1 %}", "{{ }}", "{{", "{%", "}}", "%}", "{{ a }", "{ { a } }", "{% if t -%} a {%- endif %} b", "{ % if % }", "{{'}}'}}", "{{ '%}' }}", "{{ {'a': {}} }}", "{{ {'a': {'b': 1}}.a.b}}",
    "a\n{% if t %}\nb\n{% endif %}\nc", "a\n  {% if t %}\n  b\n  {% endif %}\nc", "a {% if t %} b {% endif %} c", "a\n  {%- if t %}\n  b\n  {%- endif %}\nc",
    "a\n  {% if t -%}\n  b\n  {% endif -%}\nc", "a\n  {%+ if t %}\n b {%+ endif %}\nc", "a\n  {% if t +%}\n  b\n{% endif +%}\nc", "a\n  {{ i }}\n  b", "a\n  {{- i -}}\n  b", "a\n  {{+ i }}\n b",
    "\n{% if t %}x{% endif %}\n", "\n\n{% set a = 1 %}\n\n{{ a }}\n\n", "x\n", "x\n\n", "x\r\ny\rz\r\n", "  {% set a = 1 %}  x", "\t{% set a = 1 %}\n\tx", "{% set a = 1 %}{% set b = 2 %}\n{{ a }}", "a  {% set a = 1 %}\nb", "{{ i }}\n{{ i }}\n", "{{ i }} \n", "{%- if t -%}\n\n x \n\n{%- endif -%}",
    "  {%- set a = 1 -%}  {%- set b = 2 -%}  z", "{% for i in l -%}\n  {{ i }}\n{%- endfor %}", "{% for i in l %}\n  {{ i }}\n{% endfor %}\n", "{% for i in l %}\n  {%- if i == 1 %}\n x\n  {%- endif %}\n{% endfor %}end",
    "line one\n    {%- for i in l %}\n    - {{ i }}\n    {%- endfor %}\nend", "{{ 'a' -}}   {{- 'b' }}", "{{ 'a' }}   {{ 'b' }}", "\u00a0{%- if t %}x{% endif %}", "a\u00a0{%- if t %}x{% endif %}", "{{ -1 }}{{-1}}{{ 1-1 }}", "{{ 1 -}} x", "{%if t%}a{%endif%}", "{%-if t-%}a{%-endif-%}",
    "{% if t %}a{% endif\n%}b", "{{\n i \n}}", "{% set a = {\n 'b': [1,\n 2]\n} %}{{ a }}", "{{ 'multi\nline' }}",
    "{% set q = [1] %}{% set _ = q.append(2) %}{{ q }}", "{% set q = [1, 2, 3] %}{{ q.pop() }}{{ q.pop(0) }}{{ q }}", "{% set q = [] %}{{ q.pop() }}", "{% set q = [1] %}{% set r = q %}{% set _ = r.append(2) %}{{ q }}", "{% set q = [3, 1] %}{% set _ = q.sort() %}{% set _ = q.reverse() %}{% set _ = q.insert(0, 9) %}{% set _ = q.extend([5]) %}{% set _ = q.remove(1) %}{{ q }}",
    "{% set q = {'a': 1} %}{% set _ = q.update({'b': 2}) %}{% set _ = q.update(c=3) %}{{ q }}{{ q.pop('a') }}{{ q.pop('zz', 0) }}{{ q.setdefault('n', 4) }}{{ q }}", "{% set ns = namespace(q=[]) %}{% for i in l %}{% set _ = ns.q.append(i) %}{% endfor %}{{ ns.q }}", "{% set it = l | map('string') %}{{ it | join }}|{{ it | join }}",
    "{% set it = l | select('>', 1) %}{{ it | list }}{{ it | list }}{{ 1 in (l | select) }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}", "{% set j = joiner('; ') %}{% for i in l %}{{ j() }}{{ i }}{% endfor %}",
    "{{ m[0].content if m[0].role == 'system' else 'no' }}", "{% for x in m if x.role == 'user' %}{{ loop.index }}{{ x.content }}{% endfor %}", "{%- for x in m %}{{ '<|' + x['role'] + '|>\n' + x['content'] | trim + '<|end|>\n' }}{% endfor %}", "{{ bos_token }}x", "{{ bos_token is defined }}",
    "{% set a = missing %}{{ a is defined }}", "{% set a = missing %}{{ a.b }}", "{{ (missing or {}).get('x', 'y') }}", "{{ missing.x is defined }}", "{{ n.x is defined }}{{ d.q is defined }}{{ d.q.r is defined }}", "{{ d.q.r.s }}",
    "{% if not (d.a is defined and d.a is not none) %}x{% else %}y{% endif %}", "{% if loop is defined %}x{% else %}y{% endif %}", "{% for i in [1] %}{% if loop is defined %}x{% endif %}{% endfor %}", "{%- macro f(x) -%} {{ x }} {%- endmacro -%} [{{ f(1) }}]",
    "{% macro f(x) %}{% if x is mapping %}{% for k, v in x | dictsort %}{{ k }}:{{ f(v) }},{% endfor %}{% elif x is sequence and x is not string %}[{% for v in x %}{{ f(v) }};{% endfor %}]{% else %}{{ x }}{% endif %}{% endmacro %}{{ f({'b': [1, {'c': 'd'}], 'a': none}) }}",
]


def main():
    cases = []
    for line in EXPRESSIONS:
        cases.append(["{{ " + line + " }}"])
    for template in STATEMENTS:
        cases.append([template])
    rows, seen = [], set()
    for (template,) in cases:
        if template in seen:
            continue
        seen.add(template)
        rows.append([template, render(template, ITEMS)])
    path = os.path.join(os.path.dirname(__file__), "../TemplatesTests/Fixtures/template_cases.json")
    with open(path, "w") as file:
        head = json.dumps(ITEMS, ensure_ascii=False)
        body = ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        file.write('{"variables": ' + head + ',\n"cases": [\n' + body + "\n]}\n")
    print(len(rows), "cases,", sum(1 for row in rows if row[1] is None), "of them errors")


if __name__ == "__main__":
    main()
