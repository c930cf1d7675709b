//! What an item is connected with: configuration items, other items, files,
//! numbers in other systems, articles.

use super::super::{
    Attachment, ExternalReference, LinkTarget, Relation, WorkEvent, WorkItem, WorkRefusal,
};
use super::{Decision, staff};
use crate::Context;
use crate::ids::{ArticleId, CiId, WorkItemId};

impl WorkItem {
    pub(super) fn link_ci(&self, ci: &CiId, context: &Context) -> Decision {
        staff(context)?;
        if self.cis.contains(ci) {
            return Err(WorkRefusal::CiAlreadyLinked);
        }
        Ok(vec![WorkEvent::CiLinked { ci: ci.clone() }])
    }

    pub(super) fn unlink_ci(&self, ci: &CiId, context: &Context) -> Decision {
        staff(context)?;
        if !self.cis.contains(ci) {
            return Err(WorkRefusal::CiNotLinked);
        }
        Ok(vec![WorkEvent::CiUnlinked { ci: ci.clone() }])
    }

    pub(super) fn link(
        &self,
        relation: Relation,
        target: &LinkTarget,
        context: &Context,
    ) -> Decision {
        staff(context)?;
        if target.number == self.number {
            return Err(WorkRefusal::LinkToItself);
        }
        if self.links.contains(&(relation, target.id)) {
            return Err(WorkRefusal::AlreadyLinked);
        }
        if target.leads_back {
            return Err(if relation.is_symmetrical() {
                WorkRefusal::AlreadyLinked
            } else {
                WorkRefusal::LinkCycle
            });
        }
        Ok(vec![WorkEvent::WorkLinked {
            relation,
            target: target.id,
            target_number: target.number.clone(),
        }])
    }

    pub(super) fn unlink(
        &self,
        relation: Relation,
        target: WorkItemId,
        context: &Context,
    ) -> Decision {
        staff(context)?;
        if !self.links.contains(&(relation, target)) {
            return Err(WorkRefusal::NotLinked);
        }
        Ok(vec![WorkEvent::WorkUnlinked { relation, target }])
    }

    pub(super) fn attach(&self, attachment: &Attachment, context: &Context) -> Decision {
        self.taking_part(context)?;
        let is_digit = |b| matches!(b, b'0'..=b'9' | b'a'..=b'f');
        if attachment.sha256.len() != 64 || !attachment.sha256.bytes().all(is_digit) {
            return Err(WorkRefusal::HashMalformed);
        }
        if self.attachments.contains(&attachment.sha256) {
            return Err(WorkRefusal::AlreadyAttached);
        }
        Ok(vec![WorkEvent::AttachmentAdded {
            attachment: attachment.clone(),
        }])
    }

    pub(super) fn add_external_reference(
        &self,
        external: &ExternalReference,
        context: &Context,
    ) -> Decision {
        staff(context)?;
        self.check_new_reference(external)?;
        Ok(vec![WorkEvent::ExternalReferenceAdded {
            external: external.clone(),
        }])
    }

    pub(super) fn check_new_reference(
        &self,
        external: &ExternalReference,
    ) -> Result<(), WorkRefusal> {
        if self.external_references.contains(external) {
            return Err(WorkRefusal::ExternalReferenceAlreadyThere);
        }
        Ok(())
    }
}

pub(super) fn apply_knowledge(article: &ArticleId, context: &Context) -> Decision {
    staff(context)?;
    Ok(vec![WorkEvent::KnowledgeApplied {
        article: article.clone(),
    }])
}
