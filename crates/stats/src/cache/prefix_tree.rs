//! Which prompts begin alike, and how far: a tree over all of them.

use super::expected::common;

/// Prompts as the leaves of a tree: what stands below a node begins with the same `depth` tokens.
pub(super) struct PrefixTree {
    nodes: Vec<PrefixNode>,
    /// The leaf of each prompt.
    leaf: Vec<usize>,
}

struct PrefixNode {
    /// Tokens that everything below it begins with.
    depth: usize,
    /// The node above; its own place at the root.
    above: usize,
    /// Prompts below it that are there.
    there: u32,
}

/// Tokens of a prompt that so many prompts begin with too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SharedRun {
    /// The first of them, counted from the beginning of the prompt.
    pub(super) from: usize,
    /// Behind the last.
    pub(super) to: usize,
    /// Prompts that have them, this one among them.
    pub(super) prompts: u32,
}

impl PrefixTree {
    /// The tree of these prompts, none of which is there yet.
    pub(super) fn of(prompts: &[&[u32]]) -> Self {
        let mut order: Vec<usize> = (0..prompts.len()).collect();
        order.sort_by_key(|at| prompts[*at]);
        let mut tree = Self {
            nodes: vec![PrefixNode::below(0, 0)],
            leaf: vec![0; prompts.len()],
        };
        // The nodes from the root to the leaf that came last.
        let mut path = vec![0];
        let mut before: &[u32] = &[];
        for at in order {
            let shared = common(before, prompts[at]);
            tree.cut(&mut path, shared);
            let leaf = tree.add(prompts[at].len(), &path);
            path.push(leaf);
            tree.leaf[at] = leaf;
            before = prompts[at];
        }
        tree
    }

    /// Leaves the path at the node of `depth` tokens, which is made where there is none.
    fn cut(&mut self, path: &mut Vec<usize>, depth: usize) {
        let mut last = None;
        while let Some(top) = path.last().copied()
            && self.nodes[top].depth > depth
        {
            last = path.pop();
        }
        let is_there = path
            .last()
            .is_some_and(|top| self.nodes[*top].depth == depth);
        if is_there {
            return;
        }
        let node = self.add(depth, path);
        if let Some(last) = last {
            self.nodes[last].above = node;
        }
        path.push(node);
    }

    fn add(&mut self, depth: usize, path: &[usize]) -> usize {
        let above = path.last().copied().unwrap_or(0);
        self.nodes.push(PrefixNode::below(above, depth));
        self.nodes.len() - 1
    }

    /// A prompt was sent, once or once more.
    pub(super) fn add_sent(&mut self, prompt: usize) {
        let mut at = self.leaf[prompt];
        while at != 0 {
            self.nodes[at].there += 1;
            at = self.nodes[at].above;
        }
    }

    /// The tokens of a prompt by how many of those that were sent begin with them, from its end to its
    /// beginning.
    pub(super) fn runs(&self, prompt: usize) -> impl Iterator<Item = SharedRun> {
        let mut at = self.leaf[prompt];
        std::iter::from_fn(move || {
            if at == 0 {
                return None;
            }
            let node = &self.nodes[at];
            at = node.above;
            Some(SharedRun {
                from: self.nodes[at].depth,
                to: node.depth,
                prompts: node.there,
            })
        })
    }
}

impl PrefixNode {
    fn below(above: usize, depth: usize) -> Self {
        Self {
            depth,
            above,
            there: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Of each token of each prompt the tree counts those that begin alike up to it.
        #[test]
        fn it_counts_who_begins_alike(
            prompts in proptest::collection::vec(proptest::collection::vec(0_u32..2, 0..6), 1..8),
            sent in proptest::collection::vec(0_usize..8, 0..12),
        ) {
            let slices: Vec<&[u32]> = prompts.iter().map(Vec::as_slice).collect();
            let mut tree = PrefixTree::of(&slices);
            let sent: Vec<usize> = sent.into_iter().filter(|at| *at < prompts.len()).collect();
            for at in &sent {
                tree.add_sent(*at);
            }
            for (at, prompt) in prompts.iter().enumerate() {
                let mut counted = vec![None; prompt.len()];
                for run in tree.runs(at) {
                    for token in &mut counted[run.from..run.to] {
                        prop_assert!(token.is_none());
                        *token = Some(run.prompts as usize);
                    }
                }
                for (token, counted) in counted.into_iter().enumerate() {
                    let alike = sent.iter().filter(|other| prompts[**other].starts_with(&prompt[..=token]));
                    prop_assert_eq!(counted, Some(alike.count()));
                }
            }
        }
    }
}
