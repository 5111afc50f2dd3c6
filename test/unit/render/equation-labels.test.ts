import { describe, expect, it } from 'vitest';
import { classicTex } from '../../../src/render/classic-tex.js';
import { equationLabels, labelsIn, numberEquations } from '../../../src/render/equation-labels.js';

describe('labels of equations', () => {
  const labels = equationLabels([
    'text $$a = b \\label{one}$$',
    '\\begin{align} x &= 1 \\label{two} \\\\ y &= 2 \\\\ z &= 3 \\label{three}\\end{align}',
    '$$c \\tag{*} \\label{own}$$ and again $$d \\label{one}$$',
  ]);

  it('are numbered over all cells, and an own tag is kept', () => {
    expect([...labels]).toEqual([
      ['one', '1'],
      ['two', '2'],
      ['three', '3'],
      ['own', '*'],
    ]);
  });

  it.each([
    ['a = b \\label{one}', 'a = b \\tag{1}'],
    ['c \\tag{*} \\label{own}', 'c \\tag{*} '],
    ['\\eqref{two} and \\ref{three}', '\\text{(2)} and \\text{3}'],
    ['\\eqref{none}', '\\text{(???)}'],
    ['\\begin{align} x \\label{two} \\\\ y \\end{align}', '\\begin{align*} x \\tag{2} \\\\ y \\end{align*}'],
    ['\\begin{equation} x \\end{equation}', '\\begin{equation*} x \\end{equation*}'],
  ])('%s', (tex, shown) => {
    expect(numberEquations(tex, labels)).toBe(shown);
  });

  it('stand at the side of a formula on a line of its own, and nowhere else', () => {
    expect(classicTex('a \\label{one}', labels)).toBe('a \\tag{1}');
    expect(classicTex('a \\label{one}', labels, false)).toBe('a ');
  });

  it('are found in what has them and in what refers to them', () => {
    expect(labelsIn('a \\label{one} \\ref{two} \\eqref{own}')).toEqual(['one', 'two', 'own']);
    expect(labelsIn('a + b')).toEqual([]);
  });
});

describe('classicTex', () => {
  it.each([
    ['\\begin{eqnarray} a &=& b \\end{eqnarray}', '\\begin{align} a &=& b \\end{align}'],
    ['\\begin{multline} a \\\\ b \\end{multline}', '\\begin{gather} a \\\\ b \\end{gather}'],
    ['\\mbox{text}', '\\text{text}'],
    ['\\require{mhchem} x', ' x'],
    ['\\DeclareMathOperator{\\sgn}{sgn}', '\\gdef\\sgn{\\operatorname{sgn}}'],
    ['\\newenvironment{mine}{a}{b} x', ' x'],
    ['\\bbox[red, 5pt]{x}', '\\boxed{x}'],
    ['\\SI{3.5}{\\meter}', '3.5\\,\\mathrm{\\meter}'],
    ['\\cancelto{0}{x}', '\\cancel{x}^{0}'],
    ['\\label{a} \\eqref{b} \\ref{c}', ' \\text{(b)} \\text{c}'],
  ])('%s', (tex, shown) => {
    expect(classicTex(tex)).toBe(shown);
  });
});
